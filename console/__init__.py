"""What the Secretariat sees: pages, the simulator, feeds."""
