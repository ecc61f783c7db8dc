"""Files and tables that commands write: samples, walks, charts, reports."""
