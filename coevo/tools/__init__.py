"""What commands write: samples, walks, charts, reports."""
