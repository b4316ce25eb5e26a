using System.Text.Json;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed class LatencyJsonTests
{
    [Fact]
    public void Every_stage_has_its_percentiles_and_the_sums_add_up()
    {
        using var metrics = new ServerMetrics();
        for (int i = 1; i <= 100; i++)
        {
            metrics.RecordFrame(new FrameTimeline
            {
                DamageNs = 1_000_000, TakenNs = 1_100_000, ConvertedNs = 1_100_000 + i * 10_000, EncodedNs = 4_000_000, FirstSentNs = 4_050_000, LastSentNs = 4_090_000,
            });
        }

        using JsonDocument document = JsonDocument.Parse(LatencyJson.Write(metrics));
        JsonElement stages = document.RootElement.GetProperty("stages");
        Assert.Equal(100, stages.GetProperty("convert").GetProperty("count").GetInt64());
        Assert.InRange(stages.GetProperty("convert").GetProperty("p50Us").GetDouble(), 500, 508);
        double parts = stages.EnumerateObject().Where(static stage => stage.Name is not ("total" or "overhead")).Sum(static stage => stage.Value.GetProperty("sumUs").GetDouble());
        Assert.Equal(stages.GetProperty("total").GetProperty("sumUs").GetDouble(), parts, 3);
        // All but the encoder: 0.1 ms to wake up, 0.5 to convert, 0.09 to send.
        Assert.InRange(stages.GetProperty("overhead").GetProperty("p50Us").GetDouble(), 690, 710);
        Assert.Equal(0, document.RootElement.GetProperty("counters").GetProperty("qzc.viewers").GetInt32());
    }
}
