-- What the undone commit left waiting waits no more.
update khue.quarantine set state = 'reverted', decided_seq = $2, note = $3 where seq = $1 and state = 'open'
