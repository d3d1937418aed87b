-- Marks that others measured or advise, each with where it is from, for a line on a chart.
CREATE OR REPLACE VIEW benchmarks AS
SELECT line.1 AS kpi, line.2 AS of, line.3 AS mark, line.4 AS citation
FROM (SELECT arrayJoin([{all_marks}]) AS line);
