"""The command-line tool: build, run, measure, deploy and operate Undelivered."""
