-- Flags, failed dimensions and quality after judging, where rejections had to be judged one after the other.
update {stage} b
set {settled}
where _judged <> 0 and {within}
