"""Songs as editable data and files."""
