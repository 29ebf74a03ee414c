"""The parts of the HTML page, each a function from a report to pieces of HTML; the frame is page.html."""
