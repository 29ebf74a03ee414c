"""The user's policy from TOML: where it is found, what it says, what is wrong with it, and how one is written."""

from envbuilder.policyfile.files import FILE, find_policy, read_policy

__all__ = ["FILE", "find_policy", "read_policy"]
