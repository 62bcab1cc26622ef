"""Promotions as people make them: goods picked from the shop, in a template, for every screen."""
