"""The build: the template, the code archive, the layer, and checks of them."""
