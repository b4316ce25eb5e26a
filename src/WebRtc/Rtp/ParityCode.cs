namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// Which packets of a group go into which of its parity packets. Each packet has its own combination of parities as far
/// as these go round, so that a receiver that solves one packet at a time repairs two losses that share no combination.
/// The order of the combinations makes losses in a row solvable too: two with two parities, three with three or four.
/// </summary>
internal static class ParityCode
{
    public const int MaxParities = 4;

    private static readonly byte[][] s_combinations =
    [
        [],
        [1],
        [1, 2, 3],
        [1, 2, 6, 3, 4, 5, 7],
        [1, 2, 4, 8, 3, 5, 9, 6, 7, 10, 11, 14, 12, 13, 15],
    ];

    /// <summary>The packets of a group of <paramref name="packets"/> in the n-th of <paramref name="parities"/>, by their bits.</summary>
    public static ulong Mask(int parities, int parity, int packets)
    {
        ReadOnlySpan<byte> combinations = s_combinations[parities];
        ulong mask = 0;
        for (int i = 0; i < packets; i++)
            mask |= (ulong)((combinations[i % combinations.Length] >> parity) & 1) << i;
        return mask;
    }
}
