using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>What pages say of pictures, joined to the pictures' ways through the server.</summary>
public sealed class SightingTests : IDisposable
{
    private const long DamageNs = 7_000_000_000;
    private static readonly FrameTimeline s_way = new()
    {
        DamageNs = DamageNs, TakenNs = DamageNs + 1_000_000, ConvertedNs = DamageNs + 2_000_000, EncodedNs = DamageNs + 5_000_000,
        FirstSentNs = DamageNs + 5_500_000, LastSentNs = DamageNs + 6_000_000,
    };

    private readonly FrameTrace _trace = new();
    private readonly ServerMetrics _metrics = new();

    public SightingTests() => _trace.Add(s_way, 1000, DamageNs);

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData(123_456_789u)]
    public void Server_and_viewer_add_up_to_the_way_from_damage_to_glass(uint? rtpBase)
    {
        See(rtpBase, (DamageNs + 10_000_000) / 1000, decodeUs: 3000, showUs: 9000);
        AssertMs(ViewerStage.Path, 4);
        AssertMs(ViewerStage.Decode, 3);
        AssertMs(ViewerStage.Show, 9);
        AssertMs(ViewerStage.Glass, 22);
    }

    [Fact]
    public void A_picture_that_seems_to_come_before_it_was_sent_took_no_time_on_its_way()
    {
        See(null, (DamageNs + 5_900_000) / 1000, decodeUs: 0, showUs: 0);
        AssertMs(ViewerStage.Path, 0);
        AssertMs(ViewerStage.Glass, 6);
    }

    [Theory]
    [InlineData(1, 0L, 0, 0)] // another picture
    [InlineData(0, long.MinValue, 0, 0)]
    [InlineData(0, long.MaxValue, 0, 0)]
    [InlineData(0, 60_000_000L, 0, 0)]
    [InlineData(0, 7_010_000L, -1, 0)]
    [InlineData(0, 7_010_000L, int.MaxValue, 0)]
    [InlineData(0, 7_010_000L, 0, int.MinValue)]
    [InlineData(0, 7_010_000L, 0, int.MaxValue)]
    public void What_cannot_be_is_not_recorded(int nameOff, long receivedUs, int decodeUs, int showUs)
    {
        new Sighting(PictureName.Of(DamageNs, null) + (uint)nameOff, receivedUs, decodeUs, showUs).Record(_trace, null, _metrics);
        Assert.Equal(0, _metrics.Viewer(ViewerStage.Glass).Snapshot().Count);
        Assert.Equal(0, _metrics.Viewer(ViewerStage.Path).Snapshot().Count);
    }

    private void See(uint? rtpBase, long receivedUs, int decodeUs, int showUs) =>
        new Sighting(PictureName.Of(DamageNs, rtpBase), receivedUs, decodeUs, showUs).Record(_trace, rtpBase, _metrics);

    /// <summary>To the histogram's precision.</summary>
    private void AssertMs(ViewerStage stage, double expectedMs)
    {
        LatencySnapshot snapshot = _metrics.Viewer(stage).Snapshot();
        Assert.Equal(1, snapshot.Count);
        Assert.Equal(expectedMs * 1e6, snapshot.SumNs);
    }
}
