select {base_columns} from {state} h where h._id = g._id limit 1
