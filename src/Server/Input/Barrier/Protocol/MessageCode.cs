namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>The four letters that open a message, as the big-endian number that they are on the wire (Barrier's protocol_types.cpp).</summary>
internal enum MessageCode : uint
{
    NoOperation = 0x434E4F50,        // CNOP
    Close = 0x43425945,              // CBYE
    Enter = 0x43494E4E,              // CINN
    Leave = 0x434F5554,              // COUT
    GrabClipboard = 0x43434C50,      // CCLP
    ScreenSaver = 0x43534543,        // CSEC
    ResetOptions = 0x43524F50,       // CROP
    InfoAcknowledged = 0x4349414B,   // CIAK
    KeepAlive = 0x43414C56,          // CALV
    KeyDown = 0x444B444E,            // DKDN
    KeyRepeat = 0x444B5250,          // DKRP
    KeyUp = 0x444B5550,              // DKUP
    ButtonDown = 0x444D444E,         // DMDN
    ButtonUp = 0x444D5550,           // DMUP
    MoveTo = 0x444D4D56,             // DMMV
    MoveBy = 0x444D524D,             // DMRM
    Wheel = 0x444D574D,              // DMWM
    Clipboard = 0x44434C50,          // DCLP
    Info = 0x44494E46,               // DINF
    SetOptions = 0x44534F50,         // DSOP
    FileTransfer = 0x44465452,       // DFTR
    DragInfo = 0x44445247,           // DDRG
    QueryInfo = 0x51494E46,          // QINF
    Incompatible = 0x45494356,       // EICV
    Busy = 0x45425359,               // EBSY
    Unknown = 0x45554E4B,            // EUNK
    Bad = 0x45424144,                // EBAD
}
