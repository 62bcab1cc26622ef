"""The store's hand on this screen while its server is away: who may, what plays, its page."""
