-- Drop the bytes as received of these commits, wherever they lie; whole, for a cut file is not what was received.
delete from khue.raw where seq in (select raw_seq from khue.commit where seq in ({seqs})) returning seq
