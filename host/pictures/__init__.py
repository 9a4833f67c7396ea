"""Pictures of results: panels, and a second chip whose spikes and membranes they show."""
