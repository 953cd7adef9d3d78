"""What each action of a component costs: energy, area, leakage and cycle time, each with where it comes from."""
