-- tally: the files read
-- key file_no: place in reading order
-- measure file min: the name
SELECT file_no, min(file) AS file
FROM e
GROUP BY ALL
