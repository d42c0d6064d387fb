"""The director: gives a show its shape and decides who says, sings and sees what, when."""
