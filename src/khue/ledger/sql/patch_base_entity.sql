-- What a patch of a case or register is merged onto: what stands.
select {base_columns} from {state} h where h._id = g._id limit 1
