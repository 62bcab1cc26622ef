"""How screens and shops agreed on prices, and the evidence of any second."""
