using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Alloc;

/// <summary>Managed allocation in steady state: a collection is a late frame.</summary>
internal sealed class AllocBench : IBenchmark
{
    public string Name => "alloc";

    public string Summary => "managed bytes allocated for a frame and for a packet in steady state";

    public BenchReport Run(int repeats, bool isSmoke)
    {
        var report = new BenchReport(Name, repeats);
        var perFrame = new Samples();
        for (int i = 0; i < repeats; i++)
            perFrame.Add(PipelineAllocation.BytesPerFrame(isSmoke ? 50 : 1000));
        report.Add(new BenchRow { Metric = "bytes_per_frame", Unit = "B", Value = perFrame.Median, Spread = perFrame.Spread, Target = Target.AtMost(0) });
        var perPacket = new Samples();
        var cost = new Samples();
        for (int i = 0; i < repeats; i++)
        {
            (double bytes, double ns) = PacketAllocation.PerPacket(isSmoke ? 50 : 2000);
            perPacket.Add(bytes);
            cost.Add(ns);
        }

        report.Add(new BenchRow { Metric = "bytes_per_packet", Unit = "B", Value = perPacket.Median, Spread = perPacket.Spread, Target = Target.AtMost(0) });
        report.Add(new BenchRow { Metric = "ns_per_packet", Unit = "ns", Value = cost.Median, Spread = cost.Spread });
        return report;
    }
}
