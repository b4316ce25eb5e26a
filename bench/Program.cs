using QemuZeroCopy.Bench;
using QemuZeroCopy.Bench.Alloc;
using QemuZeroCopy.Bench.Browser;
using QemuZeroCopy.Bench.Convert;
using QemuZeroCopy.Bench.Encode;
using QemuZeroCopy.Bench.Fanout;
using QemuZeroCopy.Bench.Gpu;
using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Bench.Sound;
using QemuZeroCopy.Bench.Transport;

// A row of the targets joins the list with its benchmark; until then its name is known, and says so.
IBenchmark[] benchmarks =
[
    new ConvertBench(), new EncodeBench(), new AllocBench(), new HostLatency(), new ClickToPixel(), new Motion(), new Idle(), new SceneCost(), new OverlayCost(), new ModeChange(), new SoundDelay(), new Binary(), new GpuBenchmark(),
    new SimulatedNetworks(), new FanoutBench(),
];
if (args is [ViewerProcess.Argument])
    return ViewerProcess.Serve(Console.In, Console.Out);
string[] planned =
[
    "convert", "encode", "host-latency", "click-to-pixel", "motion", "idle", "scenes", "overlay", "modes", "sound", "fanout", "transport", "gpu", "alloc", "binary",
];

bool smoke = args.Contains("--smoke");
int outAt = Array.IndexOf(args, "--out");
string folder = outAt >= 0 && outAt + 1 < args.Length ? args[outAt + 1] : Path.Combine(Machine.Root(), "artifacts", "bench");
string[] names = [.. args.Where((arg, i) => !arg.StartsWith('-') && (outAt < 0 || i != outAt + 1))];
if (names is not [string wanted])
    return Usage();

Directory.CreateDirectory(folder);
if (wanted == "all")
    return Suite.Run(folder, smoke);
if (benchmarks.FirstOrDefault(benchmark => benchmark.Name == wanted) is not { } chosen)
{
    if (!planned.Contains(wanted))
        return Usage();
    Console.Error.WriteLine($"bench {wanted}: not measurable yet; what it needs is still to be built.");
    return 3;
}

Console.WriteLine($"{chosen.Name}: {chosen.Summary}");
BenchReport report = chosen.Run(smoke ? 1 : 5, smoke);
report.Print(Console.Out);
Console.WriteLine($"  → {report.Write(folder)}");
return 0;

int Usage()
{
    Console.Error.WriteLine("usage: ./dev bench NAME|all [--smoke] [--out FOLDER]");
    foreach (string name in planned)
        Console.Error.WriteLine($"  {name,-16}{benchmarks.FirstOrDefault(b => b.Name == name)?.Summary ?? "(not measurable yet)"}");
    return 2;
}
