using static QemuZeroCopy.Interop.Gl.GlesConstants;

namespace QemuZeroCopy.Interop.Gl;

/// <summary>
/// Times what the GPU does between <see cref="Begin"/> and <see cref="End"/>, by two timestamps in the stream of commands
/// (GL_EXT_disjoint_timer_query). Nobody waits for them: <see cref="Read"/> takes what has arrived. Timestamps, because
/// the elapsed times of Mesa's rasterizer leave compute shaders out.
/// </summary>
internal sealed unsafe class GlesTimer
{
    private const int Capacity = 4;
    private readonly GlesCommands _commands;
    private readonly uint[] _queries = new uint[2 * Capacity];
    private int _first;
    private int _pending;
    private bool _isOpen;

    private GlesTimer(GlesCommands commands)
    {
        _commands = commands;
        fixed (uint* queries = _queries)
            commands.glGenQueriesEXT(_queries.Length, queries);
    }

    /// <summary>For a context that has the extension. Null where its timestamps have no bits.</summary>
    public static GlesTimer? TryCreate(GlesCommands commands)
    {
        int bits = 0;
        commands.glGetQueryivEXT(GL_TIMESTAMP_EXT, GL_QUERY_COUNTER_BITS_EXT, &bits);
        return bits > 0 ? new GlesTimer(commands) : null;
    }

    /// <summary>Before the commands. While all timestamps are still on their way, commands go untimed.</summary>
    public void Begin()
    {
        _isOpen = _pending < Capacity;
        if (_isOpen)
            _commands.glQueryCounterEXT(BeginOf(_first + _pending), GL_TIMESTAMP_EXT);
    }

    /// <summary>After the commands.</summary>
    public void End()
    {
        if (_isOpen)
            _commands.glQueryCounterEXT(EndOf(_first + _pending++), GL_TIMESTAMP_EXT);
        _isOpen = false;
    }

    /// <summary>The times that have arrived since the last call, together, in ns.</summary>
    public long Read()
    {
        long totalNs = 0;
        for (; _pending > 0; _first = (_first + 1) % Capacity, _pending--)
        {
            uint isThere;
            _commands.glGetQueryObjectuivEXT(EndOf(_first), GL_QUERY_RESULT_AVAILABLE_EXT, &isThere);
            if (isThere == 0)
                break;
            ulong begin, end;
            _commands.glGetQueryObjectui64vEXT(BeginOf(_first), GL_QUERY_RESULT_EXT, &begin);
            _commands.glGetQueryObjectui64vEXT(EndOf(_first), GL_QUERY_RESULT_EXT, &end);
            // A clock of fewer than 64 bits starts again from 0 now and then.
            if (end > begin)
                totalNs += (long)(end - begin);
        }

        int isDisjoint;
        _commands.glGetIntegerv(GL_GPU_DISJOINT_EXT, &isDisjoint);
        return isDisjoint == 0 ? totalNs : 0;
    }

    private uint BeginOf(int index) => _queries[index % Capacity * 2];

    private uint EndOf(int index) => _queries[index % Capacity * 2 + 1];
}
