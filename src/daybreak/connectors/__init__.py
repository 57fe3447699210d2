"""Where records come from and go to: files and tables. One module a duty; import the module."""
