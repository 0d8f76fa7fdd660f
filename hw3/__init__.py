"""The homework's data, models and training engine; knows nothing of Ray, searches or claims."""
