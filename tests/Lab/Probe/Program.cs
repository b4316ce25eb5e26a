using QemuZeroCopy.Lab.Tests.Probe;

// qzc-lab SCENARIO… REPORT: runs scenarios on the machine's real DRM nodes and appends one JSON line for each finding.
if (args is not [.. var scenarios, var path] || scenarios.Length == 0)
{
    Console.Error.WriteLine("usage: qzc-lab (devices|buffers|images|endurance|storm|qzc)… REPORT");
    return 2;
}

using var report = new Report(path);
foreach (string scenario in scenarios)
{
    switch (scenario)
    {
        case "devices":
            report.Run(scenario, DeviceScenario.Run);
            break;
        case "buffers":
            report.Run(scenario, BufferScenario.Run);
            break;
        case "images":
            report.Run(scenario, ImageScenario.Run);
            break;
        case "qzc":
            report.Run(scenario, QzcScenario.Run);
            break;
        case "storm":
            report.Run(scenario, StormScenario.Run);
            break;
        case "endurance":
            report.Run(scenario, EnduranceScenario.Run);
            break;
        default:
            Console.Error.WriteLine($"qzc-lab: there is no scenario '{scenario}'");
            return 2;
    }
}

return 0;
