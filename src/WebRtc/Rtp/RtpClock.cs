namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>From the host's monotonic clock to RTP and NTP time.</summary>
public static class RtpClock
{
    private const long UnixToNtpSeconds = 2_208_988_800;
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>Ticks of a clock of <paramref name="rate"/> Hz at <paramref name="ns"/>, cut to 32 bits.</summary>
    public static uint Ticks(long ns, int rate) =>
        (uint)((ns / NsPerSecond * rate) + (ns % NsPerSecond * rate / NsPerSecond));

    /// <summary>NTP time (32.32 fixed point since 1900) at <paramref name="unixNs"/>.</summary>
    public static ulong Ntp(long unixNs)
    {
        (long seconds, long rest) = Math.DivRem(unixNs, NsPerSecond);
        return ((ulong)(seconds + UnixToNtpSeconds) << 32) | (((ulong)rest << 32) / NsPerSecond);
    }
}
