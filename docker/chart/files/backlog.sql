SELECT count(*) FROM ml_analysis
WHERE ((state = 'queued' AND available_at <= now()) OR state = 'running')
