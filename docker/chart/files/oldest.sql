SELECT coalesce(extract(epoch FROM now() - min(available_at)), 0)::int FROM ml_analysis
WHERE state = 'queued' AND available_at <= now()
