"""Files that are whole or absent, one or several: atomic writes, reproducible tables, checksums, chunks to resume from."""

from inferon.store.atomic import atomic_file as atomic_file
from inferon.store.atomic import make_folder as make_folder
from inferon.store.atomic import remove_leftovers as remove_leftovers
from inferon.store.atomic import write_json as write_json
from inferon.store.atomic import write_text as write_text
from inferon.store.checkpoints import Checkpoints as Checkpoints
from inferon.store.checksums import content_key as content_key
from inferon.store.checksums import sha256_of_file as sha256_of_file
from inferon.store.errors import WriteError as WriteError
from inferon.store.folders import write_together as write_together
from inferon.store.tables import write_parquet as write_parquet
from inferon.store.tables import write_parquet_blocks as write_parquet_blocks
