"""Files that are whole or absent: atomic writes, reproducible tables, checksums, and chunks a killed run can resume."""

from inferon.store.atomic import atomic_file as atomic_file
from inferon.store.atomic import remove_leftovers as remove_leftovers
from inferon.store.atomic import write_json as write_json
from inferon.store.atomic import write_text as write_text
from inferon.store.checkpoints import Checkpoints as Checkpoints
from inferon.store.checksums import content_key as content_key
from inferon.store.checksums import sha256_of_file as sha256_of_file
from inferon.store.tables import write_parquet as write_parquet
from inferon.store.tables import write_parquet_blocks as write_parquet_blocks
