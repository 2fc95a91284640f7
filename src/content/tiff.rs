//! TIFF-F as fax servers write it: the tags of every page, read without opening the page itself.
