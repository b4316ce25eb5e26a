namespace QemuZeroCopy.WebRtc.Sctp.Wire;

/// <summary>Serial number arithmetic (RFC 1982) on TSNs, stream sequence numbers and reset request numbers.</summary>
internal static class Tsn
{
    public static bool IsAfter(uint a, uint b) => (int)(a - b) > 0;

    public static bool IsAtOrAfter(uint a, uint b) => (int)(a - b) >= 0;

    public static bool IsAfter(ushort a, ushort b) => (short)(ushort)(a - b) > 0;
}
