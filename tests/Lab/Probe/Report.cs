using System.Text.Json;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Findings, one JSON object a line, so that a VM that dies half-way still leaves what it found.</summary>
internal sealed class Report(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 1);

    public void Run(string scenario, Action<Report> run)
    {
        try
        {
            run(this);
            Add(scenario, "ended", true, "");
        }
#pragma warning disable CA1031 // Whatever ends a scenario is a finding that the host judges.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Add(scenario, "ended", false, error.ToString());
        }
    }

    /// <summary>Whether something holds, and the figures or words that tell how much.</summary>
    public void Add(string scenario, string what, bool holds, string detail, double? value = null)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("scenario", scenario);
            json.WriteString("what", what);
            json.WriteBoolean("holds", holds);
            json.WriteString("detail", detail);
            if (value is { } number)
                json.WriteNumber("value", number);
            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        _file.Write(buffer.GetBuffer(), 0, (int)buffer.Length);
        _file.Flush();
        Console.WriteLine($"{(holds ? "ok  " : "FAIL")} {scenario}: {what} {detail} {value}");
    }

    public void Dispose() => _file.Dispose();
}
