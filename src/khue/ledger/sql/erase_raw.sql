delete from khue.raw where seq in (select raw_seq from khue.commit where seq in ({seqs})) returning seq
