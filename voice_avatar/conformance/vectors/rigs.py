"""Names of bones and shapes as makers of avatars write them, and what each means: by hand.

The page and the Unity package find bones and shapes by `data/rigs/names.json`; these cases hold
both to it. Nothing here is worked out by a program of ours, which could be wrong in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

_MIXAMO: Final = """
Hips = hips
 Spine = spine
  Spine1 = chest
   Spine2 = upperChest
    Neck = neck
     Head = head
      LeftEye = leftEye
      RightEye = rightEye
      HeadTop_End
    LeftShoulder = leftShoulder
     LeftArm = leftUpperArm
      LeftForeArm = leftLowerArm
       LeftHand = leftHand
        LeftHandIndex1
    RightShoulder = rightShoulder
     RightArm = rightUpperArm
      RightForeArm = rightLowerArm
       RightHand = rightHand
"""
"""A node a line, below the last that is less far to the right; after "=" the bone that it is."""

_TREES: Final = {
    "Unreal, with twist bones and targets of inverse kinematics": """
root
 pelvis = hips
  spine_01 = spine
   spine_02 = chest
    spine_03 = upperChest
     neck_01 = neck
      head = head
     clavicle_l = leftShoulder
      upperarm_l = leftUpperArm
       upperarm_twist_01_l
       lowerarm_l = leftLowerArm
        lowerarm_twist_01_l
        hand_l = leftHand
 ik_hand_root
  ik_hand_l
""",
    "Blender, sides behind a dot": """
Hips = hips
 Spine = spine
  Chest = chest
   Neck = neck
    Head = head
     Eye.L = leftEye
     Eye.R = rightEye
   Shoulder.L = leftShoulder
    Upper Arm.L = leftUpperArm
     Lower Arm.L = leftLowerArm
      Hand.L = leftHand
   Shoulder.R = rightShoulder
    UpperArm.R = rightUpperArm
     LowerArm.R = rightLowerArm
      Hand.R.001 = rightHand
""",
    "Rigify, whose spine is numbered from the hips to the head": """
DEF-spine = hips
 DEF-spine.001 = spine
  DEF-spine.002 = chest
   DEF-spine.003 = upperChest
    DEF-spine.004 = neck
     DEF-spine.005
      DEF-spine.006 = head
    DEF-shoulder.L = leftShoulder
     DEF-upper_arm.L = leftUpperArm
      DEF-upper_arm.L.001
       DEF-forearm.L = leftLowerArm
        DEF-hand.L = leftHand
""",
    "Character Creator": """
CC_Base_BoneRoot
 CC_Base_Hip = hips
  CC_Base_Pelvis
  CC_Base_Waist = spine
   CC_Base_Spine01 = chest
    CC_Base_Spine02 = upperChest
     CC_Base_NeckTwist01 = neck
      CC_Base_NeckTwist02
       CC_Base_Head = head
        CC_Base_FacialBone
         CC_Base_L_Eye = leftEye
         CC_Base_R_Eye = rightEye
     CC_Base_L_Clavicle = leftShoulder
      CC_Base_L_Upperarm = leftUpperArm
       CC_Base_L_UpperarmTwist01
       CC_Base_L_Forearm = leftLowerArm
        CC_Base_L_Hand = leftHand
""",
    "VRoid, without VRM's own table": """
J_Bip_C_Hips = hips
 J_Bip_C_Spine = spine
  J_Bip_C_Chest = chest
   J_Bip_C_UpperChest = upperChest
    J_Bip_C_Neck = neck
     J_Bip_C_Head = head
      J_Adj_L_FaceEye = leftEye
      J_Adj_R_FaceEye = rightEye
      J_Sec_Hair1_01
    J_Bip_R_Shoulder = rightShoulder
     J_Bip_R_UpperArm = rightUpperArm
      J_Bip_R_LowerArm = rightLowerArm
       J_Bip_R_Hand = rightHand
""",
    "Daz": """
hip = hips
 pelvis
 abdomenLower = spine
  abdomenUpper
   chestLower = chest
    chestUpper = upperChest
     neckLower = neck
      neckUpper
       head = head
        lEye = leftEye
        rEye = rightEye
    lCollar = leftShoulder
     lShldrBend = leftUpperArm
      lShldrTwist
       lForearmBend = leftLowerArm
        lForearmTwist
         lHand = leftHand
""",
    "3ds Max's biped": """
Bip001
 Bip001 Pelvis = hips
  Bip001 Spine = spine
   Bip001 Spine1 = chest
    Bip001 Neck = neck
     Bip001 Head = head
      Bip001 HeadNub
     Bip001 L Clavicle = leftShoulder
      Bip001 L UpperArm = leftUpperArm
       Bip001 L Forearm = leftLowerArm
        Bip001 L Hand = leftHand
""",
    "MikuMikuDance": """
センター = hips
 下半身
 上半身 = spine
  上半身2 = chest
   首 = neck
    頭 = head
     左目 = leftEye
     右目 = rightEye
   左肩 = leftShoulder
    左腕 = leftUpperArm
     左ひじ = leftLowerArm
      左手首 = leftHand
   肩.R = rightShoulder
    腕.R = rightUpperArm
     ひじ.R = rightLowerArm
      手首.R = rightHand
""",
    "a shoulder that is the upper arm, beside a collar": """
mPelvis = hips
 mTorso = spine
  mChest = chest
   mNeck = neck
    mHead = head
     mEyeLeft = leftEye
     mEyeRight = rightEye
   mCollarLeft = leftShoulder
    mShoulderLeft = leftUpperArm
     mElbowLeft = leftLowerArm
      mWristLeft = leftHand
""",
    "a shoulder that is the upper arm, without a collar": """
Hips = hips
 Spine = spine
  Neck = neck
   Head = head
  LeftShoulder = leftUpperArm
   LeftElbow = leftLowerArm
    LeftWrist = leftHand
""",
    "meshes that are called as bones are": """
Armature !node
 Hips = hips
  Spine = spine
   Neck = neck
    mixamorig:Head = head
     LeftEye = leftEye
 Head !skin
 EyeLeft !skin
 LeftHand !skin
""",
    "a group that is called as the bone is": """
Head !node
 Armature !node
  Pelvis = hips
   Spine = spine
    Neck = neck
     Head_06 = head
""",
    "a puppet without a skin": """
Robot !node
 Robot_Torso !mesh = spine
  Robot_Head !mesh = head
  Robot_ArmUpper_L !mesh = leftUpperArm
   Robot_ArmLower_L !mesh = leftLowerArm
""",
    "nothing that is known": """
Door
 Hinge
""",
}

_PREFIXES: Final[dict[str, Callable[[str, int], str]]] = {
    "Mixamo": lambda name, _: f"mixamorig:{name}",
    "Mixamo, of a second file": lambda name, _: f"mixamorig1:{name}",
    "Mixamo, of a twelfth file, without a colon": lambda name, _: f"mixamorig12_{name}",
    "Mixamo, as three names nodes": lambda name, _: f"mixamorig7{name}",
    "Mixamo, in small letters": lambda name, _: f"mixamorig:{name.lower()}",
    "Mixamo, as Sketchfab numbers nodes": lambda name, at: f"mixamorig:{name}_0{at}",
    "Ready Player Me": lambda name, _: name,
    "a maker's own prefix": lambda name, _: f"Zed_rig_{name}",
    "a namespace in a namespace": lambda name, _: f"scene|char:{name}",
}

_VISEMES: Final = "sil PP FF TH DD kk CH SS nn RR aa E I O U".split()
_VRCHAT: Final = {"I": "ih", "O": "oh", "U": "ou"}
_OVR: Final[dict[str, Callable[[str], str]]] = {
    "Oculus": lambda v: f"viseme_{v}",
    "VRChat": lambda v: f"vrc.v_{_VRCHAT.get(v, v).lower()}",
    "VRChat, capitals": lambda v: f"VRC.v_{_VRCHAT.get(v, v).upper()}",
    "VRChat, underscored, below the mesh": lambda v: f"Body.vrc_v_{_VRCHAT.get(v, v).lower()}",
    "Maya": lambda v: f"blendShape1.viseme_{v}",
    "joined": lambda v: f"viseme{v}",
    "spaced": lambda v: f"Viseme {v}",
    "numbered by Blender": lambda v: f"viseme_{v}.001",
    "with a maker's prefix": lambda v: f"Zed_viseme_{v}",
}

_ARKIT_SIDES: Final[dict[str, Callable[[str], str]]] = {
    "ARKit": lambda name: name,
    "ARKit, _L": lambda name: name.replace("Left", "_L").replace("Right", "_R"),
    "ARKit, .L": lambda name: name.replace("Left", ".L").replace("Right", ".R"),
    "ARKit, _l": lambda name: name.replace("Left", "_l").replace("Right", "_r"),
    "ARKit, in words": lambda name: "".join(f"_{c.lower()}" if c.isupper() else c for c in name),
    "ARKit, in capitals": lambda name: name[0].upper() + name[1:],
    "ARKit, with a prefix": lambda name: f"ARKit_{name}",
    "ARKit, numbered": lambda name: f"A25_{name}",
    "ARKit, below the mesh": lambda name: f"Wolf3D_Head.{name}",
}
_ARKIT: Final = (
    "eyeBlinkLeft eyeBlinkRight jawOpen mouthFunnel mouthPucker mouthLeft mouthRight"
    " mouthSmileLeft mouthSmileRight mouthPressLeft mouthPressRight mouthRollLower"
    " mouthRollUpper browInnerUp browOuterUpLeft browOuterUpRight tongueOut"
).split()

_FACES: Final[dict[str, dict[str, Any]]] = {
    "VRoid": {
        "shapes": [
            f"Face.M_F00_000_00_Fcl_{one}"
            for one in (
                "ALL_Joy EYE_Close EYE_Close_L EYE_Close_R MTH_Close MTH_A MTH_I MTH_U MTH_E MTH_O"
            ).split()
        ],
        "rig": "vroid",
        "visemes": {"aa": {5: 1}, "O": {9: 1}, "PP": {4: 1}},
        "arkit": {"eyeBlinkLeft": [2], "eyeBlinkRight": [3]},
        "expressions": {"happy": {0: 1}},
    },
    "vowels of VRM 0": {
        "shapes": ["A", "I", "U", "E", "O", "Blink", "Joy"],
        "rig": "vowels",
        "visemes": {"aa": {0: 1}, "I": {1: 1}, "U": {2: 1}, "E": {3: 1}, "O": {4: 1}},
        "arkit": {"eyeBlinkLeft": [5], "eyeBlinkRight": [5]},
        "expressions": {"happy": {6: 1}},
    },
    "vowels of VRM 1": {
        "shapes": ["aa", "ih", "ou", "ee", "oh", "blinkLeft", "blinkRight", "happy", "sad"],
        "rig": "vowels",
        "visemes": {"aa": {0: 1}, "I": {1: 1}, "U": {2: 1}, "E": {3: 1}, "O": {4: 1}},
        "arkit": {"eyeBlinkLeft": [5], "eyeBlinkRight": [6]},
        "expressions": {"happy": {7: 1}, "sad": {8: 1}},
    },
    "MikuMikuDance": {
        "shapes": ["あ", "い", "う", "え", "お", "ん", "まばたき", "怒り"],
        "rig": "vowels",
        "visemes": {"aa": {0: 1}, "I": {1: 1}, "U": {2: 1}, "E": {3: 1}, "O": {4: 1}, "PP": {5: 1}},
        "arkit": {"eyeBlinkLeft": [6], "eyeBlinkRight": [6]},
        "expressions": {"angry": {7: 1}},
    },
    "Ready Player Me, two shapes": {
        "shapes": ["mouthOpen", "mouthSmile"],
        "rig": "mixamo",
        "visemes": {"aa": {0: 0.8}, "I": {0: 0.2, 1: 0.35}},
        "arkit": {"mouthSmileLeft": [1], "mouthSmileRight": [1]},
        "expressions": {"smile": {1: 0.5}},
    },
    "Fuse": {
        "shapes": [
            "Blink_Left",
            "Blink_Right",
            "LowerLipIn",
            "UpperLipIn",
            "MouthOpen",
            "MouthNarrow_Left",
            "MouthNarrow_Right",
            "Smile_Left",
            "Smile_Right",
        ],
        "rig": "mixamo",
        "visemes": {"PP": {2: 0.5, 3: 0.5}, "aa": {4: 0.8}, "U": {4: 0.15, 5: 0.9, 6: 0.9}},
        "arkit": {
            "eyeBlinkLeft": [0],
            "eyeBlinkRight": [1],
            "mouthSmileLeft": [7],
            "mouthSmileRight": [8],
        },
        "expressions": {"smile": {7: 0.5, 8: 0.5}},
    },
    "Character Creator": {
        "shapes": [
            "V_Open",
            "V_Explosive",
            "V_Dental_Lip",
            "V_Tight_O",
            "V_Wide",
            "V_Affricate",
            "V_Lip_Open",
            "Eye_Blink_L",
            "Eye_Blink_R",
            "Mouth_Smile_L",
            "Mouth_Smile_R",
            "Brow_Raise_Inner_L",
            "Brow_Raise_Inner_R",
        ],
        "rig": "cc",
        "visemes": {"PP": {1: 1}, "FF": {2: 1}, "aa": {0: 0.8}, "CH": {5: 0.9}},
        "arkit": {
            "eyeBlinkLeft": [7],
            "eyeBlinkRight": [8],
            "mouthSmileLeft": [9],
            "mouthSmileRight": [10],
            "browInnerUp": [11, 12],
        },
        "expressions": {"smile": {9: 0.5, 10: 0.5}},
    },
    "Character Creator, pairs": {
        "shapes": "AE Ah B_M_P Ch_J EE Er F_V Ih K_G_H_NG Oh R S_Z T_L_D_N Th W_OO".split(),
        "rig": "pairs",
        "visemes": {"PP": {2: 1}, "aa": {1: 1}, "U": {14: 1}, "RR": {10: 0.6, 5: 0.4}},
        "arkit": {},
        "expressions": {},
    },
    "Preston Blair": {
        "shapes": "AI E O U MBP FV L WQ etc".split(),
        "rig": "blair",
        "visemes": {"PP": {4: 1}, "FF": {5: 1}, "aa": {0: 1}},
        "arkit": {},
        "expressions": {},
    },
    "nothing that is known": {
        "shapes": ["wings", "tail"],
        "rig": "",
        "visemes": {},
        "arkit": {},
        "expressions": {},
    },
}


def rigs() -> dict[str, Any]:
    """Returns the document: skeletons first, then faces."""
    skeletons = [_skeleton(f"bones: {name}", tree) for name, tree in _TREES.items()]
    return {
        "about": "What bones and shapes are called by makers of avatars, and which are meant.",
        "cases": [
            *(_mixamo(name, spell) for name, spell in _PREFIXES.items()),
            *skeletons,
            *(_ovr(name, spell) for name, spell in _OVR.items()),
            *(_arkit(name, spell) for name, spell in _ARKIT_SIDES.items()),
            *(_face(name, face) for name, face in _FACES.items()),
        ],
    }


def _skeleton(name: str, text: str) -> dict[str, Any]:
    nodes: list[list[Any]] = []
    bones: dict[str, int] = {}
    above: list[int] = []
    for line in text.strip("\n").split("\n"):
        depth = len(line) - len(line.lstrip())
        own, _, bone = line.strip().partition(" = ")
        own, _, kind = own.partition(" !")
        if bone:
            bones[bone] = len(nodes)
        nodes.append([own, above[depth - 1] if depth else -1, kind or "joint"])
        above[depth:] = [len(nodes) - 1]
    return {"name": name, "nodes": nodes, "bones": bones}


def _mixamo(name: str, spell: Callable[[str, int], str]) -> dict[str, Any]:
    case = _skeleton(f"bones: {name}", _MIXAMO)
    case["nodes"] = [[spell(own, at), up, kind] for at, (own, up, kind) in enumerate(case["nodes"])]
    return case


def _ovr(name: str, spell: Callable[[str], str]) -> dict[str, Any]:
    return {
        "name": f"shapes: {name}",
        "shapes": [spell(viseme) for viseme in _VISEMES],
        "rig": "ovr",
        "visemes": {viseme: [[at, 1]] for at, viseme in enumerate(_VISEMES)},
        "arkit": {},
        "expressions": {},
    }


def _arkit(name: str, spell: Callable[[str], str]) -> dict[str, Any]:
    at = {own: number for number, own in enumerate(_ARKIT)}
    presses = [[at["mouthRollLower"], 0.45], [at["mouthRollUpper"], 0.35]]
    presses += [[at["mouthPressLeft"], 0.5], [at["mouthPressRight"], 0.5]]
    return {
        "name": f"shapes: {name}",
        "shapes": [spell(own) for own in _ARKIT],
        "rig": "arkit",
        "visemes": {"aa": [[at["jawOpen"], 0.62]], "PP": sorted(presses)},
        "arkit": {own: [number] for own, number in at.items()},
        "expressions": {"smile": [[at["mouthSmileLeft"], 0.5], [at["mouthSmileRight"], 0.5]]},
    }


def _face(name: str, face: Mapping[str, Any]) -> dict[str, Any]:
    def rows(table: Mapping[str, Mapping[int, float]]) -> dict[str, list[list[float]]]:
        return {key: sorted([at, weight] for at, weight in of.items()) for key, of in table.items()}

    return {
        "name": f"shapes: {name}",
        "shapes": face["shapes"],
        "rig": face["rig"],
        "visemes": rows(face["visemes"]),
        "arkit": face["arkit"],
        "expressions": rows(face["expressions"]),
    }
