// Everything works without this file; it makes pages live.
import "htmx.org";
import { keepAges } from "./ages";
import { follow } from "./follow";
import { drawers } from "./forms";

follow();
keepAges();
drawers();
