"""The audit: every model below some paths, read and judged; nothing is installed, run or fetched."""
