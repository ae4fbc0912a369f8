"""Results as files, tables, plots and a page. Doing."""
