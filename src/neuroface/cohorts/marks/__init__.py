"""Files of annotation tools that say when something happened in a recording. Each reader: a validator, and one function
from a file to the sheets in it; a sheet is what one file says of one recording."""
