"""The peer: the loop that a lab script would have, on two processes. It reads tags and blocks and keeps nothing."""

import sys
from concurrent.futures import ProcessPoolExecutor

import pysam


def shares(path: str, parts: int = 2) -> list[list[str]]:
    """Contigs in ``parts`` lists with about as many reads in each."""
    with pysam.AlignmentFile(path) as file:
        reads = sorted(((s.mapped, s.contig) for s in file.get_index_statistics()), reverse=True)
    out: list[list[str]] = [[] for _ in range(parts)]
    sums = [0] * parts
    for number, contig in reads:
        least = sums.index(min(sums))
        out[least].append(contig)
        sums[least] += number
    return out


def loop(path: str, contigs: list[str]) -> int:
    """Read what a pseudobulk needs of each read; the number of aligned blocks."""
    blocks = 0
    with pysam.AlignmentFile(path) as file:
        for contig in contigs:
            for read in file.fetch(contig):
                if read.has_tag("CB"):
                    read.get_tag("CB")
                if read.has_tag("UB"):
                    read.get_tag("UB")
                blocks += len(read.get_blocks())
    return blocks


if __name__ == "__main__":
    path = sys.argv[1]
    parts = shares(path)
    with ProcessPoolExecutor(len(parts)) as pool:
        print(sum(pool.map(loop, [path] * len(parts), parts)))
