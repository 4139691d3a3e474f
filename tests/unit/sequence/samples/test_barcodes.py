"""presage.sequence.samples.barcodes: labelled barcodes come first, others are numbered as they are met."""

from presage.sequence.samples.barcodes import Barcodes


def test_labelled_barcodes_are_cells_and_others_are_numbered_behind_them():
    some = Barcodes(["a", "b"])
    assert [some.number(x) for x in "acbc"] == [0, 2, 1, 2]
    assert some.known == 2
    assert some.labelled().tolist() == [True, True, False]


def test_without_labels_every_barcode_is_a_cell():
    any_ = Barcodes()
    assert [any_.number(x) for x in "xyx"] == [0, 1, 0]
    assert any_.labelled().tolist() == [True, True]
    assert Barcodes([]).known == 0
