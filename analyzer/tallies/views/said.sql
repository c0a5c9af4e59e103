-- view: what was said in each finding's group: its codes and its normalised text
SELECT failure_key, speaker, reply_code, enhanced_code, min(shape) AS shape
FROM examples
GROUP BY failure_key, speaker, reply_code, enhanced_code
