"""Licences of locked packages: the evidence in their metadata, SPDX expressions, the policy's judgement."""
