"""What each action costs."""
