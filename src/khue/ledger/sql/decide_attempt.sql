-- A corrected record that fails again is kept as dismissed: nothing is lost, and the original stays open.
update quarantine_load set state = 'dismissed', note = 'failed again: the original stays open' where _part = $1
