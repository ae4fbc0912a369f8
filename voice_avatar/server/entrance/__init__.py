"""Who may come to the port at all, and who waits there: names, pages, tokens, crowds. Doing."""
