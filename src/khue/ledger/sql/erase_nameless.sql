-- Records of a type in quarantine that have no id but still what was received; the type as parameter.
select seq, record, received from khue.quarantine
where type = $1 and id is null and received is not null
