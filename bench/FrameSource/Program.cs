using System.Runtime.InteropServices;
using QemuZeroCopy.FrameSource;

if (!SourceOptions.TryParse(args, out SourceOptions options, out string? problem))
{
    Console.Error.WriteLine($"frame-source: {problem}");
    Console.Error.WriteLine(SourceOptions.Usage);
    return 2;
}

using var stop = new CancellationTokenSource();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using var screen = new SourceScreen(options);
using var endpoint = new QmpEndpoint(options.QmpPath, screen);
Console.WriteLine($"seed {options.Seed}: {options.Kind} of {options.Width}x{options.Height} at {options.FramesPerSecond} fps behind {options.QmpPath}");
screen.Run(stop.Token);
Console.WriteLine($"{screen.FramesDrawn} frames drawn");
if (options.Memory == SourceMemory.DmaBuf)
    Console.Write(screen.Holds);
return 0;

void End(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
