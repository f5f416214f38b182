"""Builds what is deployed: the template, the code and the layer, and checks them."""
