"""Real parts for tests: servers, the app, tabs and a browser, each on a free port."""
