"""Who else gets it: NGSI-LD and open datasets."""
