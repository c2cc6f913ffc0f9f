-- A patch becomes a whole row: what it does not give comes from the version that it patches.
update {stage} b set {updates}, _extra = case when p._extra is null then b._extra when b._extra is null then p._extra else p._extra || b._extra end,
    _area = case when {placed} then b._area else p._area end, _agency = case when {placed} then b._agency else p._agency end,
    _visible_to = case when {placed} then b._visible_to else p._visible_to end, _scope = case when {placed} then b._scope else p._scope end,
    _x = case when {placed} then b._x else p._x end, _y = case when {placed} then b._y else p._y end, _cell = case when {placed} then b._cell else p._cell end,
    _flags = array(select distinct name collate "C" from unnest(b._flags || k.flags) name order by 1),
    _held = array(select distinct name collate "C" from unnest(b._held || k.held) name order by 1),
    _quality = case when k.flags <> '{{}}' or k.held <> '{{}}' then least(b._quality, p._quality) else b._quality end
from {stage} g
cross join lateral ({base}) p
cross join lateral (
    select array(select f from unnest(p._flags) f join ({checks}) m (name, bit) on m.name = f where get_bit(g._given, m.bit) = 0) as flags,
           array(select h from unnest(p._held) h join ({properties}) m (name, bit) on m.name = h where get_bit(g._given, m.bit) = 0) as held
) k
where b._order = g._order and {within_g} and not g._deleted and not p._deleted
