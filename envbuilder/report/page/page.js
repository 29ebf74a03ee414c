'use strict';
(() => {
  const PAGE = 50;
  const PRINTED = 500;
  const LEVELS = ['error', 'warning', 'note'];
  const CLEAN = LEVELS.length;
  const byId = (id) => document.getElementById(id);

  // The data: rows of numbers become objects once, texts stay shared.
  const texts = [];
  const findings = [];
  const packages = [];
  const models = [];
  let codes = {};
  let left = 0;
  const text = (number) => (number < 0 ? '' : texts[number]);

  function readFinding([code, level, message, place, hint, subject, fix]) {
    return {
      code: text(code), level, message: text(message), place: text(place), hint: text(hint),
      subject: text(subject), fix: fix && fix.map(text),
    };
  }

  function readPackage([name, version, licence, state, evidence, chain]) {
    return {
      name: text(name), version: text(version), licence: text(licence), state: text(state),
      evidence: text(evidence), chain: text(chain),
    };
  }

  function readModel([name, mlflow, created, python, channels, found, locked]) {
    const own = found.map((number) => findings[number]);
    return {
      name, mlflow: text(mlflow), created: created || '', python: text(python),
      channels: channels.map(([channel, licensed]) => ({ name: text(channel), licensed: licensed === 1 })),
      found, locked, counts: LEVELS.map((_, level) => own.filter((one) => one.level === level).length),
      worst: own.reduce((least, one) => Math.min(least, one.level), CLEAN),
    };
  }

  function readData() {
    for (const element of document.querySelectorAll('script.data')) {
      const chunk = JSON.parse(element.textContent);
      element.remove();
      for (const one of chunk.texts || []) texts.push(one);
      for (const row of chunk.findings || []) findings.push(readFinding(row));
      for (const row of chunk.packages || []) packages.push(readPackage(row));
      for (const row of chunk.models || []) models.push(readModel(row));
      codes = chunk.codes || codes;
      left = chunk.left || left;
    }
  }

  // Elements are made one by one and filled with text: nothing of a model is ever read as markup.
  function make(tag, properties, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name === 'class') element.className = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const label = (level) => make('span', { class: `level ${LEVELS[level]}` }, LEVELS[level]);

  function fixOf([description, before, after]) {
    if (!before && !after) return make('p', { class: 'hint' }, `Fix: ${description}. envbuilder rewrite shows it.`);
    return make('div', { class: 'fix' },
      make('p', null, `Fix: ${description}`),
      before ? make('del', null, make('span', { class: 'side' }, after ? 'before' : 'is removed'), make('pre', null, before)) : null,
      after ? make('ins', null, make('span', { class: 'side' }, before ? 'after' : 'is added'), make('pre', null, after)) : null);
  }

  function findingOf(one) {
    const [meaning] = codes[one.code] || [''];
    return make('li', { class: LEVELS[one.level] },
      make('p', null, label(one.level), ' ', make('code', { title: meaning }, one.code), ' ',
        make('code', { class: 'place' }, one.place)),
      make('p', null, one.message),
      one.fix ? fixOf(one.fix) : one.hint ? make('p', { class: 'hint' }, `Hint: ${one.hint}`) : null);
  }

  function packageOf(one) {
    return make('tr', null,
      make('th', { scope: 'row' }, make('code', null, `${one.name} ${one.version}`)),
      make('td', null, make('code', null, one.licence), one.evidence ? make('p', null, one.evidence) : null),
      make('td', null, make('span', { class: `state ${one.state}` }, one.state)),
      make('td', null, one.chain));
  }

  const RANK = ['denied', 'unknown', 'ambiguous', 'unjudged', 'allowed'];

  function packagesOf(model) {
    if (!model.locked.length) return null;
    const own = model.locked.map((number) => packages[number]);
    own.sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
    const heads = ['Package', 'Licence', 'Verdict', 'Brought by'].map((word) => make('th', { scope: 'col' }, word));
    return make('table', { class: 'packages' },
      make('caption', null, `${own.length} packages of the lock`),
      make('thead', null, make('tr', null, ...heads)), make('tbody', null, ...own.map(packageOf)));
  }

  function detailsOf(model, id) {
    const own = model.found.map((number) => findings[number]).sort((a, b) => a.level - b.level);
    const list = own.length ? make('ul', { class: 'findings' }, ...own.map(findingOf)) : make('p', null, 'Nothing was found.');
    return make('tr', { class: 'details', id }, make('td', { colspan: 6 }, list, packagesOf(model)));
  }

  // The state: what is asked for, and what answers it.
  const state = { shown: [], page: 0, sort: 'level', down: false };
  const asked = (name) => byId(name).value;

  function matching(words) {
    const has = (...parts) => words.every((word) => parts.some((part) => part.toLowerCase().includes(word)));
    return {
      findings: findings.map((one) => has(one.message, one.subject, one.place, one.code)),
      packages: packages.map((one) => has(one.name, one.licence)),
      model: (model) => has(model.name, model.mlflow, model.python, ...model.channels.map((one) => one.name)),
    };
  }

  function test() {
    const words = asked('text').toLowerCase().split(/\s+/).filter(Boolean);
    const found = matching(words);
    const [level, code, channel, licence, fix] = ['level', 'code', 'channel', 'licence', 'fix'].map(asked);
    const about = findings.map((one) => (!code || one.code === code)
      && (level === '' || one.level === Number(level)) && (!fix || (fix === 'yes') === Boolean(one.fix)));
    const select = code || fix || (level !== '' && level !== 'clean');
    return (model) => (!select || model.found.some((number) => about[number]))
      && (level !== 'clean' || model.worst === CLEAN)
      && (!channel || model.channels.some((one) => one.name === channel))
      && (!licence || model.locked.some((number) => packages[number].licence === licence))
      && (!words.length || found.model(model) || model.found.some((number) => found.findings[number])
        || model.locked.some((number) => found.packages[number]));
  }

  const compareTexts = new Intl.Collator('en', { numeric: true }).compare;
  const COMPARE = {
    name: (a, b) => compareTexts(a.name, b.name),
    mlflow: (a, b) => compareTexts(a.mlflow, b.mlflow),
    created: (a, b) => (a.created < b.created ? -1 : Number(a.created > b.created)),
    count: (a, b) => b.found.length - a.found.length,
    level: (a, b) => a.worst - b.worst || b.counts[a.worst] - a.counts[b.worst] || 0,
  };

  function select() {
    state.shown = models.filter(test());
    const compare = COMPARE[state.sort];
    state.shown.sort(state.down ? (a, b) => compare(b, a) : compare);
    state.page = 0;
    draw();
  }

  function row(model, number) {
    const id = `details-${number}`;
    const button = make('button', { type: 'button', 'aria-expanded': 'false', 'aria-controls': id }, make('code', null, model.name));
    const counts = model.counts.map((count, level) => (count
      ? make('span', { class: `level ${LEVELS[level]}` }, `${count} ${LEVELS[level]}${count === 1 ? '' : 's'}`) : null));
    const channels = model.channels.map((one) => make('code', one.licensed ? { class: 'licensed' } : null, one.name));
    const line = make('tr', null,
      make('th', { scope: 'row' }, button),
      make('td', null, ...counts, model.worst === CLEAN ? make('span', { class: 'clean' }, 'nothing found') : null),
      make('td', { 'data-name': 'MLflow' }, model.mlflow), make('td', { 'data-name': 'Python' }, model.python),
      make('td', { 'data-name': 'logged', class: 'number' }, model.created.slice(0, 10)),
      make('td', { 'data-name': 'channels' }, ...channels));
    button.addEventListener('click', () => toggle(button, line, () => detailsOf(model, id)));
    return line;
  }

  function toggle(button, line, details) {
    const open = button.getAttribute('aria-expanded') === 'true';
    if (open) line.nextElementSibling.remove();
    else line.after(details());
    line.classList.toggle('open', !open);
    button.setAttribute('aria-expanded', String(!open));
  }

  const number = (count) => count.toLocaleString('en');

  function draw(start = state.page * PAGE, end = start + PAGE) {
    const { shown } = state;
    byId('rows').replaceChildren(...shown.slice(start, end).map(row));
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    byId('page').textContent = `${number(state.page + 1)} of ${number(pages)}`;
    byId('previous').disabled = state.page === 0;
    byId('next').disabled = state.page >= pages - 1;
    byId('pages').hidden = pages === 1;
    const more = left ? ` ${number(left)} more do not fit into this page; the JSON report has them.` : '';
    byId('count').textContent = `${number(shown.length)} of ${number(models.length)} models.${more}`;
    for (const head of document.querySelectorAll('[data-sort]')) {
      if (head.dataset.sort === state.sort) head.setAttribute('aria-sort', state.down ? 'descending' : 'ascending');
      else head.removeAttribute('aria-sort');
    }
    byId('sort').value = state.sort;
  }

  // A cell that begins like a formula gets an apostrophe: a spreadsheet shows it, and computes nothing.
  const cell = (value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
  const HEAD = ['model', 'mlflow', 'python', 'logged', 'channels', 'level', 'code', 'place', 'message', 'before', 'after'];

  function table() {
    const lines = [HEAD];
    for (const model of state.shown) {
      const own = [model.name, model.mlflow, model.python, model.created, model.channels.map((one) => one.name).join(' ')];
      if (!model.found.length) lines.push([...own, '', '', '', '', '', '']);
      for (const one of model.found.map((found) => findings[found])) {
        const [, before, after] = one.fix || ['', '', ''];
        lines.push([...own, LEVELS[one.level], one.code, one.place, one.message, before, after]);
      }
    }
    return lines.map((line) => line.map(cell).join(',')).join('\r\n');
  }

  function save() {
    const address = URL.createObjectURL(new Blob(['\ufeff', table(), '\r\n'], { type: 'text/csv' }));
    make('a', { href: address, download: 'models.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }

  function turn(step) {
    state.page += step;
    draw();
    byId('table').scrollIntoView();
  }

  function sortBy(name) {
    state.down = state.sort === name && !state.down;
    state.sort = name;
    select();
  }

  function offer(id, values) {
    const list = byId(id);
    const count = new Map();
    for (const value of values) count.set(value, (count.get(value) || 0) + 1);
    for (const value of [...count.keys()].sort(compareTexts).slice(0, 500)) list.append(make('option', { value }, value));
    list.parentElement.hidden = count.size === 0;
  }

  function pick() {
    const found = /^#code=(.+)$/.exec(location.hash);
    if (!found) return;
    byId('filter').reset();
    byId('code').value = found[1];
    select();
    byId('models').scrollIntoView();
  }

  function listen() {
    const form = byId('filter');
    form.addEventListener('submit', (event) => event.preventDefault());
    byId('text').addEventListener('input', select);
    for (const list of form.querySelectorAll('select:not(#sort)')) list.addEventListener('change', select);
    byId('sort').addEventListener('change', () => sortBy(asked('sort')));
    form.addEventListener('reset', () => setTimeout(select));
    byId('save').addEventListener('click', save);
    byId('previous').addEventListener('click', () => turn(-1));
    byId('next').addEventListener('click', () => turn(1));
    for (const head of document.querySelectorAll('[data-sort]')) {
      head.querySelector('button').addEventListener('click', () => sortBy(head.dataset.sort));
    }
    addEventListener('hashchange', pick);
    for (const link of document.querySelectorAll('a[href^="#code="]')) {
      // A second click on the same link changes no address.
      link.addEventListener('click', () => { if (location.hash === link.hash) pick(); });
    }
    addEventListener('beforeprint', () => draw(0, PRINTED));
    addEventListener('afterprint', () => draw());
  }

  readData();
  offer('code', findings.map((one) => one.code));
  offer('channel', models.flatMap((model) => model.channels.map((one) => one.name)));
  offer('licence', packages.map((one) => one.licence));
  listen();
  byId('table').hidden = false;
  select();
  pick();
})();
